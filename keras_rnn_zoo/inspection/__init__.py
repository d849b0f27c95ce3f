"""What a network does at each step of an input: states, gates, attention, predictions and importance."""
