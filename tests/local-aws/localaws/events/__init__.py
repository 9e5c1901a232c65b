"""How news travels inside AWS: event buses, topics, alarm actions, schedules."""
