//! `seigo detect`.
