"""What failed beside other parts of the tests is asked again, alone."""
