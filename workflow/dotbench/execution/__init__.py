"""Where and on what something runs: hardware, attempts with their time, what an interrupted job keeps."""
