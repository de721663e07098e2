"""References in plain PyTorch, for the programs of this folder: residual networks for small images and a small GPT."""


def residual_network(torch, stem, classes, channels, blocks, shortcut):
    """He et al. 2015: a 3x3 stem without pooling, len(channels) stages of `blocks` blocks.

    shortcut(inputs, outputs, stride) gives the module beside a block's convolutions where sizes or channels change.
    """
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Identity() if inputs == outputs else shortcut(inputs, outputs, stride)

        def forward(self, x):
            y = nn.functional.relu(self.norm1(self.conv1(x)), inplace=True)
            return nn.functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x), inplace=True)

    width = channels[0]
    layers = [nn.Conv2d(stem, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
    for outputs in channels:
        for _ in range(blocks):
            layers.append(Block(width, outputs, 1 if width == outputs else 2))
            width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def resnet20(torch, channels):
    """Shortcuts without parameters, zeros for the new channels; images of `channels`, 10 classes."""
    class Padded(torch.nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.pad, self.stride = (outputs - inputs) // 2, stride

        def forward(self, x):
            x = x[:, :, ::self.stride, ::self.stride]
            return torch.nn.functional.pad(x, (0, 0, 0, 0, self.pad, self.pad))

    return residual_network(torch, channels, 10, (16, 32, 64), 3, Padded)


def resnet18(torch, classes=10):
    """Shortcuts with projections: 11,173,962 parameters."""
    def projection(inputs, outputs, stride):
        return torch.nn.Sequential(torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False), torch.nn.BatchNorm2d(outputs))

    return residual_network(torch, 3, classes, (64, 128, 256, 512), 2, projection)


def transformer_lm(torch, vocabulary, context, layers=4, heads=4, width=128):
    """GPT style, normalised before each part, no dropout; gives logits [B * T, vocabulary]."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.expand, self.contract = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x):
            parts = [part.unflatten(2, (heads, -1)).transpose(1, 2) for part in self.qkv(self.norm1(x)).chunk(3, 2)]
            mixed = nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
            x = x + self.projection(mixed.transpose(1, 2).flatten(2))
            return x + self.contract(nn.functional.gelu(self.expand(self.norm2(x))))

    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)

        def forward(self, ids):
            x = self.tokens(ids) + self.positions(torch.arange(context, device=ids.device))
            return self.head(self.norm(self.blocks(x))).flatten(0, 1)

    return Transformer()
