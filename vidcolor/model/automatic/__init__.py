"""Networks that colour without a reference: all are :class:`vidcolor.model.automatic.network.AutomaticNetwork`."""
