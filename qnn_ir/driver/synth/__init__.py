"""`qnnc synth`: from a build folder to IP, bitstream or xclbin with the vendor's tools, wherever they are installed."""
