"""What is over is forgotten after its time."""
