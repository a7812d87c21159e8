"""Who walks over the shots: a loop in this process, several processes, or the machines of a Ray cluster."""
