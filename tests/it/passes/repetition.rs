//! `nearest-to-doublings`.

use seigo::frontend::graph::Graph;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "nearest-to-doublings";

fn network(plane: [usize; 2], sizes: [usize; 2], how: [&str; 3]) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, plane[0], plane[1]]);
    let y = net.resize(x, [1, 3, sizes[0], sizes[1]], how);
    net.finish(&[y])
}

const FLOOR: [&str; 3] = ["nearest", "asymmetric", "floor"];
const HALF: [&str; 3] = ["nearest", "half_pixel", "round_prefer_floor"];

#[test]
fn powers_of_two_become_doublings() {
    for plane in [[4, 5], [1, 3], [7, 1]] {
        for (scale, doublings) in [(4, 2), (8, 3), (16, 4)] {
            for how in [FLOOR, HALF] {
                let sizes = plane.map(|extent| extent * scale);
                let (rewritten, rewrites) = rewrite(&network(plane, sizes, how), &[NAME]);
                assert_eq!(rewrites, 1, "{plane:?} to {sizes:?}, {how:?}");
                assert_eq!(kinds(&rewritten), vec!["Resize"; doublings]);
            }
        }
    }
}

#[test]
fn one_pixel_is_spread_over_any_plane() {
    for sizes in [[6, 6], [1, 9], [33, 20], [64, 2]] {
        for how in [FLOOR, HALF, ["linear", "half_pixel", "floor"]] {
            let (_, rewrites) = rewrite(&network([1, 1], sizes, how), &[NAME]);
            assert_eq!(rewrites, 1, "{sizes:?}, {how:?}");
        }
    }
}

#[test]
fn other_resizes_stay() {
    for (plane, sizes, how) in [
        ([4, 5], [8, 10], FLOOR),
        ([4, 5], [12, 15], FLOOR),
        ([4, 5], [16, 10], FLOOR),
        ([4, 5], [16, 20], ["linear", "half_pixel", "floor"]),
        ([4, 5], [16, 20], ["nearest", "align_corners", "floor"]),
        ([4, 5], [2, 5], FLOOR),
        ([1, 1], [1, 1], FLOOR),
    ] {
        assert_untouched(&network(plane, sizes, how), NAME);
    }
}
