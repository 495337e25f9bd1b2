use proptest::prelude::*;

use super::*;
use crate::frontend::ops::activation::Activation;
use crate::frontend::ops::epilogue::Residual;
use crate::frontend::ops::window::AutoPad;

/// A convolution with its inputs.
#[derive(Debug, Clone)]
struct Case {
    op: Conv,
    data: Tensor,
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Case {
    fn run(&self, residual: Option<&Tensor>) -> Result<Tensor> {
        let inputs = [Some(&self.data), Some(&self.weight), self.bias.as_ref(), residual];
        self.op.eval(Inputs::new(&inputs)).map(|mut outputs| outputs.remove(0))
    }

    /// The definition: one sum per output element, in double precision.
    fn naive(&self, shape: &[usize], residual: Option<&Tensor>) -> Vec<f64> {
        let (x, w) = (self.data.shape(), self.weight.shape());
        let values = self.data.values::<f32>().unwrap();
        let weight = self.weight.values::<f32>().unwrap();
        let window = &self.op.window;
        let mut output = Vec::new();
        for n in 0..shape[0] {
            for m in 0..shape[1] {
                for oy in 0..shape[2] {
                    for ox in 0..shape[3] {
                        let bias = self.bias.as_ref().map(|b| b.values::<f32>().unwrap()[m]);
                        let mut sum = f64::from(bias.unwrap_or(0.0));
                        for (c, ky, kx) in (0..w[1]).flat_map(|c| {
                            (0..w[2]).flat_map(move |ky| (0..w[3]).map(move |kx| (c, ky, kx)))
                        }) {
                            let channel = m / (shape[1] / self.op.group) * w[1] + c;
                            let at = |o: usize, k: usize, axis: usize| {
                                (o * window.strides[axis] + k * window.dilations[axis])
                                    .checked_sub(window.pads[axis].0)
                                    .filter(|&position| position < x[2 + axis])
                            };
                            if let (Some(y), Some(z)) = (at(oy, ky, 0), at(ox, kx, 1)) {
                                let value = values[((n * x[1] + channel) * x[2] + y) * x[3] + z];
                                let tap = weight[((m * w[1] + c) * w[2] + ky) * w[3] + kx];
                                sum += f64::from(value) * f64::from(tap);
                            }
                        }
                        output.push(self.finish(sum, residual, output.len()));
                    }
                }
            }
        }
        output
    }

    fn finish(&self, sum: f64, residual: Option<&Tensor>, index: usize) -> f64 {
        let added = residual.map_or(0.0, |r| f64::from(r.values::<f32>().unwrap()[index]));
        let function = |x: f64| self.op.epilogue.activation.map_or(x, |a| a.exact(x));
        match self.op.epilogue.residual {
            None => function(sum),
            Some(Residual::BeforeActivation) => function(sum + added),
            Some(Residual::AfterActivation) => function(sum) + added,
        }
    }
}

/// Small whole numbers spread without pattern.
fn values(shape: &[usize], seed: u64) -> Tensor {
    let count = shape.iter().product::<usize>() as u64;
    let values = (0..count).map(|index| {
        let mixed = (index + seed * 1009 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        (mixed % 33) as f32 / 8.0 - 2.0
    });
    Tensor::new(shape, values.collect()).unwrap()
}

fn cases() -> impl Strategy<Value = Case> {
    let axis = (1usize..5, 1usize..4, 1usize..3, 0usize..4, 0usize..4, 1usize..14);
    let channels = (1usize..4, 1usize..6, 1usize..20);
    let epilogue = (0usize..4, 0usize..3, any::<bool>(), 1usize..3);
    (axis.clone(), axis, channels, epilogue).prop_filter_map(
        "the window fits",
        |(rows, columns, (group, inputs, outputs), (activation, residual, bias, batch))| {
            let window = Window {
                kernel: Vec::new(),
                strides: vec![rows.1, columns.1],
                pads: vec![(rows.3, rows.4), (columns.3, columns.4)],
                dilations: vec![rows.2, columns.2],
                auto_pad: AutoPad::Explicit,
            };
            window.axes(&[rows.0, columns.0], &[rows.5, columns.5], false).ok()?;
            let activation = [
                None,
                Some(Activation::Relu),
                Some(Activation::Silu),
                Some(Activation::LeakyRelu { alpha: 0.1 }),
            ][activation];
            let residual =
                [None, Some(Residual::BeforeActivation), Some(Residual::AfterActivation)][residual];
            // Every third case is depthwise.
            let (inputs, outputs) = if inputs % 3 == 0 { (1, 1) } else { (inputs, outputs) };
            let channels = group * outputs;
            Some(Case {
                op: Conv { window, group, epilogue: Epilogue { activation, residual } },
                data: values(&[batch, group * inputs, rows.5, columns.5], 1),
                weight: values(&[channels, inputs, rows.0, columns.0], 2),
                bias: bias.then(|| values(&[channels], 3)),
            })
        },
    )
}

proptest! {
    #[test]
    fn convolutions_equal_their_definition(case in cases()) {
        let (data, weight) = (Fact::new(DType::F32, case.data.shape()), case.weight.shape());
        let weight = Fact::new(DType::F32, weight);
        let op = Conv { epilogue: Epilogue::default(), ..case.op.clone() };
        let inferred = op.infer(Inputs::new(&[Some(&data), Some(&weight)])).unwrap().remove(0);
        let residual = case.op.epilogue.residual.map(|_| values(&inferred.shape, 4));
        let output = case.run(residual.as_ref()).unwrap();
        prop_assert_eq!(output.shape(), &inferred.shape);
        let expected = case.naive(output.shape(), residual.as_ref());
        for (&got, expected) in output.values::<f32>().unwrap().iter().zip(expected) {
            prop_assert!((f64::from(got) - expected).abs() <= 1e-4 * expected.abs().max(1.0));
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let shapes: [(usize, &[usize], &[usize]); 4] = [
        (1, &[1, 40, 37, 41], &[70, 40, 1, 1]),
        (1, &[1, 16, 37, 41], &[24, 16, 3, 3]),
        (40, &[1, 40, 37, 41], &[40, 1, 5, 5]),
        (1, &[1, 300, 7, 7], &[200, 300, 1, 1]),
    ];
    for (group, data, weight) in shapes {
        let case = Case {
            op: Conv {
                window: Window { pads: vec![(1, 1); 2], ..Window::default() },
                group,
                epilogue: Epilogue { activation: Some(Activation::Silu), residual: None },
            },
            data: values(data, 5),
            weight: values(weight, 6),
            bias: Some(values(&weight[..1], 7)),
        };
        let outputs: Vec<_> = [1, 2, 5]
            .into_iter()
            .map(|threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let output = pool.install(|| case.run(None)).unwrap();
                output.values::<f32>().unwrap().iter().map(|v| v.to_bits()).collect::<Vec<_>>()
            })
            .collect();
        assert!(outputs.iter().all(|output| *output == outputs[0]));
    }
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let infer = |group, x: &[usize], w: &[usize]| {
        let op = Conv { window: Window::default(), group, epilogue: Epilogue::default() };
        let (x, w) = (Fact::new(DType::F32, x), Fact::new(DType::F32, w));
        op.infer(Inputs::new(&[Some(&x), Some(&w)])).map(|outputs| outputs[0].shape.clone())
    };
    assert_eq!(infer(1, &[1, 3, 8, 8], &[4, 3, 3, 3]).unwrap(), [1, 4, 6, 6]);
    assert_eq!(infer(1, &[1, 3, 8], &[4, 3, 3]).unwrap(), [1, 4, 6]);
    assert!(infer(1, &[1, 3, 8, 8, 8], &[4, 3, 3, 3, 3]).is_err());
    assert!(infer(2, &[1, 4, 8, 8], &[3, 2, 3, 3]).is_err());
    assert!(infer(2, &[1, 3, 8, 8], &[4, 3, 3, 3]).is_err());
    assert!(infer(usize::MAX, &[1, 3, 8, 8], &[4, 3, 3, 3]).is_err());
    assert!(infer(1, &[1, 3, 2, 8], &[4, 3, 3, 3]).is_err());
    assert!(infer(1, &[1, 3, 8, 8], &[4]).is_err());
    assert!(infer(1, &[1, 0, 8, 8], &[4, 0, 3, 3]).is_ok());
}
