"""Teacher targets for Fovea, made with PyTorch: raw attention, logits, pooled features and the head of any torch module."""

from ._version import __version__
from .export import Request, export
from .layout import read
from .network import Layer, Network
from .views import Augmentation, ViewSet

__all__ = ["__version__", "Augmentation", "Layer", "Network", "Request", "ViewSet", "export", "read"]
