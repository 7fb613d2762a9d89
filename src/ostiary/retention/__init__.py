"""What is over is forgotten after its time, in small steps beside everything else."""
