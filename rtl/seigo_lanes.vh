// Lane parameters of a channel and an entry of the function table; docs/isa.md says what they mean.
// Generated from src/compile/border by `make generate`.
// Included inside of modules, none of which uses all of it.

/* verilator lint_off UNUSEDPARAM */
localparam LaneBits = 64;
localparam LaneBiasLsb = 0, LaneBiasWidth = 32;
localparam LaneArgumentLsb = 32, LaneArgumentWidth = 6;
localparam LaneOutLsb = 38, LaneOutWidth = 4;
localparam LaneZeroLsb = 42, LaneZeroWidth = 8;
localparam LaneResZeroLsb = 50, LaneResZeroWidth = 8;
localparam LaneResShiftLsb = 58, LaneResShiftWidth = 6;

localparam FunctionBits = 72;
localparam FunctionBaseLsb = 0, FunctionBaseWidth = 3;
localparam FunctionLayoutLsb = 3, FunctionLayoutWidth = 2;
localparam FunctionSignedLsb = 5, FunctionSignedWidth = 1;
localparam FunctionSlopeLsb = 8, FunctionSlopeWidth = 8;
localparam FunctionOffsetLsb = 16, FunctionOffsetWidth = 12;
localparam FunctionMinimumLsb = 28, FunctionMinimumWidth = 20;
localparam FunctionMaximumLsb = 48, FunctionMaximumWidth = 20;
localparam TwoSegmentsEntries = 240, UniformEntries = 1024;

localparam [2:0] BaseZero = 3'd0;  // 0
localparam [2:0] BaseRelu = 3'd1;  // the larger of x and 0
localparam [2:0] BaseIdentity = 3'd2;  // x
localparam [2:0] BaseClamp = 3'd3;  // x between minimum and maximum
localparam [2:0] BaseLeaky = 3'd4;  // x, times the slope where it is negative

localparam [1:0] LayoutNone = 2'd0;  // no ROM
localparam [1:0] LayoutTwoSegments = 2'd1;  // steps of 8 up to 1,024, then of 64
localparam [1:0] LayoutUniform = 2'd2;  // steps of 8
/* verilator lint_on UNUSEDPARAM */
