"""Cold starts, memory and sizes of the functions, against a Rust Lambda that does nothing: `make bench`."""
