//! `linear-to-means`.

use seigo::frontend::graph::Graph;

use super::net::{Net, assert_untouched, kinds, rewrite};

const NAME: &str = "linear-to-means";

fn linear(plane: [usize; 2], sizes: [usize; 2], places: &str) -> Graph {
    let mut net = Net::new();
    let x = net.input(&[1, 3, plane[0], plane[1]]);
    let y = net.resize(x, [1, 3, sizes[0], sizes[1]], ["linear", places, "floor"]);
    net.finish(&[y])
}

#[test]
fn powers_of_two_become_doublings_and_means() {
    for plane in [[4, 5], [1, 3], [2, 2], [7, 1]] {
        for scale in [2, 4, 8] {
            let sizes = plane.map(|extent| extent * scale);
            for places in ["half_pixel", "pytorch_half_pixel", "half_pixel_symmetric", "asymmetric"]
            {
                let (rewritten, rewrites) = rewrite(&linear(plane, sizes, places), &[NAME]);
                assert_eq!(rewrites, 1, "{plane:?} to {sizes:?}, {places}");
                assert!(kinds(&rewritten).iter().any(|kind| kind == "Resize"));
            }
            let sizes = plane.map(|extent| (extent - 1) * scale + 1);
            if sizes != plane {
                let (_, rewrites) = rewrite(&linear(plane, sizes, "align_corners"), &[NAME]);
                assert_eq!(rewrites, 1, "{plane:?} to {sizes:?}, corners");
            }
        }
    }
}

#[test]
fn other_places_stay() {
    for (sizes, places) in [
        ([8, 10], "align_corners"),
        ([12, 15], "half_pixel"),
        ([8, 5], "half_pixel"),
        ([8, 20], "half_pixel"),
        ([2, 3], "half_pixel"),
        ([8, 10], "tf_half_pixel_for_nn"),
    ] {
        assert_untouched(&linear([4, 5], sizes, places), NAME);
    }
    let mut net = Net::new();
    let x = net.input(&[1, 3, 4, 5]);
    let cubic = net.resize(x, [1, 3, 8, 10], ["cubic", "half_pixel", "floor"]);
    let channels = net.resize(x, [1, 6, 8, 10], ["linear", "half_pixel", "floor"]);
    assert_untouched(&net.finish(&[cubic, channels]), NAME);
}
