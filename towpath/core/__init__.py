"""What everything else stands on: errors, processes, output, names of images, files."""
