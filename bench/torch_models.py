"""References in plain PyTorch, for the programs of this folder: resnet18 for small images and a small GPT."""


def resnet18(torch, classes=10):
    """He et al. 2015 with a 3x3 stem and no pooling before the first block: 11,173,962 parameters."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.norm2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Identity()
            if stride != 1 or inputs != outputs:
                self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

        def forward(self, x):
            y = nn.functional.relu(self.norm1(self.conv1(x)), inplace=True)
            return nn.functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x), inplace=True)

    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    width = 64
    for stage in range(4):
        for block in range(2):
            layers.append(Block(width, 64 << stage, 2 if stage > 0 and block == 0 else 1))
            width = 64 << stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


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
