"""Two datasets joined by what is alike: people by Fellegi and Sunter's weights, products by their words."""
