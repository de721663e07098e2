#pragma once
#include <memory>

#include "engine/compress/codec.h"

namespace sac {

/// The codes of a quantising codec in canonical Huffman code (Huffman 1952; Schwartz & Kallick 1964); messages differ
/// in length. Where that would be longer, the plain message goes.
/// Bytes  1 + h + 4 + ceil(s / 2) + ceil(sum_i l_i / 8): how it is coded, the scales, the first of the s symbols from
///        the least to the greatest used and s - 1 (2 bytes each), their code lengths (4 bits each, 0 = unused, <= 15),
///        the codes; 1 + the plain message's where that is not more.
/// @param inner  one whose codes() have a width of at most 16 bits.
std::unique_ptr<Codec> huffman_coded(std::unique_ptr<Codec> inner);

}  // namespace sac
