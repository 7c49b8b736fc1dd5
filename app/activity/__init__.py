"""What clients do: workouts, check-ins, meals."""
