"""The colour Turing test: people say which of two pictures has false colours (Zhang, Isola and Efros 2016)."""
