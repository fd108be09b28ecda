"""A folder of drivers like the product's own, with one in it that the product does not have."""
