"""What people are told of Dags and batches: who wants to hear of what, and what became of each notice."""
