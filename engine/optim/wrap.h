#pragma once
#include <vector>

#include "engine/optim/optimizer.h"

namespace sac {

/// Options that go with every optimiser, in the [optimizer] table: clip_norm, lookahead_steps, lookahead_rate.
const std::vector<OptionSpec>& wrap_options();

/// `factory`'s optimisers with what the options ask for around them.
/// - clip_norm: before each update gradients longer than this are shortened to it, as torch.nn.utils.clip_grad_norm_
///   does (Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013).
/// - lookahead_steps = k: every k updates x <- s + lookahead_rate (x - s), s <- x, from s = the first parameters (Zhang
///   et al., "Lookahead Optimizer: k steps forward, 1 step back", NeurIPS 2019, arXiv:1907.08610).
/// On a parameter server both work on its shards, where the updates are made.
OptimizerFactory wrapped(OptimizerFactory factory, const Options& options);

}  // namespace sac
