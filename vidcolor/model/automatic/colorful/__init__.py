"""Colorful Image Colorization: colours as classes (Zhang, Isola and Efros, ECCV 2016, arXiv 1603.08511).

``bins`` the 313 classes; ``rebalancing`` how much each counts in training; ``published`` the layers of the paper,
``pretrained`` a smaller stack that starts from ImageNet; ``network`` the whole.
"""
