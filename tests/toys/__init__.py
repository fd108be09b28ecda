"""A view and a driver that the product does not have. Tests add them and look for them wherever the product shows its own."""
