"""The TFDS builder of flickr8k."""
