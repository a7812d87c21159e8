"""Which pictures are unfit for training a colour model, and why; nothing is deleted or moved."""
