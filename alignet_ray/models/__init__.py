"""Torch backbones from timm and open_clip, and the pixels that they see."""
