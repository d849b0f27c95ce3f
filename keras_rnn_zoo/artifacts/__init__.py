"""What lies on disk: runs, exports, digests, locks, model cards, weights, and checks before anything is loaded."""
