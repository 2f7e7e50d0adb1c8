//! Never losing work, version control and Push update.
