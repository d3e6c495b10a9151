//! Hand-made domains ([`ways`]), and random ones: against a slow model ([`closure`]), against themselves with something
//! taken away ([`less`]), and edge by edge ([`evidence`]). And what may be wrong with a snapshot ([`bad`]).

mod bad;
mod closure;
mod evidence;
mod less;
mod ways;
mod world;
