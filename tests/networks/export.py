"""Exports one of torchvision's architectures, with random weights, as ONNX.

usage: export.py NAME OUT.onnx      export.py --list

Norms get the statistics of random images, and what initialisation leaves constant (biases, gains,
layer scales, zero heads) becomes random, so that every node of the graph has a say in the output.
"""

import sys

import torch
import torchvision.models as models
from torchvision.models.vision_transformer import VisionTransformer


def deit_small(**options):
    return VisionTransformer(224, 16, num_layers=12, num_heads=6, hidden_dim=384, mlp_dim=1536, **options)


# Name: maker, side of the input, opset, which sizes the file leaves open.
NETWORKS = {
    "resnet50": (models.resnet50, 224, 13, "batch and sides"),
    "densenet121": (models.densenet121, 224, 11, ""),
    "inception_v3": (models.inception_v3, 299, 12, "batch"),
    "googlenet": (models.googlenet, 224, 9, ""),
    "mobilenet_v2": (models.mobilenet_v2, 224, 7, ""),
    "mobilenet_v3_small": (models.mobilenet_v3_small, 224, 10, ""),
    "mobilenet_v3_large": (models.mobilenet_v3_large, 224, 14, "batch and sides"),
    "mnasnet1_0": (models.mnasnet1_0, 224, 8, ""),
    "efficientnet_b0": (models.efficientnet_b0, 224, 13, "batch"),
    "shufflenet_v2_x1_0": (models.shufflenet_v2_x1_0, 224, 11, "batch and sides"),
    "squeezenet1_1": (models.squeezenet1_1, 224, 15, ""),
    "convnext_tiny": (models.convnext_tiny, 224, 16, "batch"),
    "regnet_y_400mf": (models.regnet_y_400mf, 224, 13, ""),
    "vit_b_16": (models.vit_b_16, 224, 17, "batch"),
    "swin_t": (models.swin_t, 224, 17, "batch"),
    "deit_small": (deit_small, 224, 14, ""),
}


def randomise(model, images):
    """No two weights alike, and activations of about unit size."""
    with torch.no_grad():
        for weights in model.parameters():
            if weights.numel() > 1 and weights.std() == 0:
                weights.add_(0.1 * torch.randn_like(weights))
            elif weights.dim() == 1:
                weights.add_(0.05 * torch.randn_like(weights))
        for name, weights in model.named_parameters():
            if "layer_scale" in name:
                weights.uniform_(0.2, 0.8)
    norms = [module for module in model.eval().modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    if norms:
        with torch.no_grad():
            model(images)
    return model.eval()


def main(arguments):
    if arguments == ["--list"]:
        for name, (_, side, opset, open_sizes) in NETWORKS.items():
            print(name, side, opset, open_sizes)
        return
    name, path = arguments
    maker, side, opset, open_sizes = NETWORKS[name]
    torch.manual_seed(1)
    options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    model = maker(weights=None, **options) if maker is not deit_small else maker()
    model = randomise(model, torch.randn(2, 3, side, side))
    if hasattr(model, "aux_logits"):
        model.aux_logits = False
        model.aux1 = model.aux2 = model.AuxLogits = None
    axes = {0: "batch"} if open_sizes else {}
    if "sides" in open_sizes:
        axes.update({2: "height", 3: "width"})
    torch.onnx.export(model, torch.randn(1, 3, side, side), path, opset_version=opset,
                      input_names=["image"], output_names=["features"],
                      dynamic_axes={"image": axes, "features": {0: "batch"}} if axes else None)


main(sys.argv[1:])
