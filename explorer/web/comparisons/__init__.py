"""The pages of a comparison: choosing what to compare, and the columns side by side."""
