"""How each network is trained: its modules, what its optimizer moves, the losses of a batch, its answer."""
