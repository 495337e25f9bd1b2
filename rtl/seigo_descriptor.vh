// Bit positions and values of the descriptor's fields; docs/isa.md says what they mean.
// Generated from src/compile/border by `make generate`.
// Included inside of modules, none of which uses all of it.

/* verilator lint_off UNUSEDPARAM */
localparam DescriptorWords = 10;
localparam DescriptorBits = 2560;
localparam [15:0] MagicValue = 16'h5E16;
localparam [7:0] VersionValue = 8'd3;
localparam KindLsb = 0, KindWidth = 8;
localparam VersionLsb = 8, VersionWidth = 8;
localparam MagicLsb = 16, MagicWidth = 16;
localparam IndexLsb = 32, IndexWidth = 16;
localparam FromStemLsb = 64, FromStemWidth = 1;
localparam StoreLsb = 65, StoreWidth = 1;
localparam ChainLsb = 66, ChainWidth = 2;
localparam ResidualLsb = 68, ResidualWidth = 2;
localparam PaddedLsb = 70, PaddedWidth = 1;
localparam WideLsb = 71, WideWidth = 1;
localparam DirectLsb = 72, DirectWidth = 1;
localparam ReluLsb = 73, ReluWidth = 1;
localparam MaximumLsb = 74, MaximumWidth = 1;
localparam PlaneDirectLsb = 75, PlaneDirectWidth = 2;
localparam PlaneReluLsb = 77, PlaneReluWidth = 2;
localparam WaitDmaLsb = 79, WaitDmaWidth = 1;
localparam ToMemoryLsb = 80, ToMemoryWidth = 1;
localparam PlaneWideLsb = 81, PlaneWideWidth = 2;
localparam PlaneMulLsb = 83, PlaneMulWidth = 1;
localparam TilesLsb = 96, TilesWidth = 16;
localparam StepsLsb = 112, StepsWidth = 16;
localparam GroupsLsb = 128, GroupsWidth = 20;
localparam BatchGroupsLsb = 148, BatchGroupsWidth = 5;
localparam BatchesLsb = 160, BatchesWidth = 16;
localparam BatchExtraLsb = 176, BatchExtraWidth = 16;
localparam PlanesLsb = 192, PlanesWidth = 12;
localparam TapsXLsb = 204, TapsXWidth = 4;
localparam TapsYLsb = 208, TapsYWidth = 4;
localparam StrideLsb = 212, StrideWidth = 4;
localparam DilationLsb = 216, DilationWidth = 4;
localparam InHeightLsb = 224, InHeightWidth = 16;
localparam InWidthLsb = 240, InWidthWidth = 16;
localparam OutHeightLsb = 256, OutHeightWidth = 16;
localparam OutWidthLsb = 272, OutWidthWidth = 16;
localparam PadTopLsb = 288, PadTopWidth = 8;
localparam PadLeftLsb = 296, PadLeftWidth = 8;
localparam LaneXLsb = 320, LaneXWidth = 32;
localparam LaneYLsb = 352, LaneYWidth = 32;
localparam StepXLsb = 384, StepXWidth = 16;
localparam StepYLsb = 400, StepYWidth = 16;
localparam WrapXLsb = 416, WrapXWidth = 16;
localparam PlaneAdvanceLsb = 448, PlaneAdvanceWidth = 12;
localparam TileWordsLsb = 480, TileWordsWidth = 16;
localparam ParameterWordsLsb = 496, ParameterWordsWidth = 8;
localparam OutBaseLsb = 512, OutBaseWidth = 20;
localparam OutStrideLsb = 544, OutStrideWidth = 20;
localparam PlaneBase0Lsb = 576, PlaneBase0Width = 20;
localparam PlaneStride0Lsb = 608, PlaneStride0Width = 20;
localparam PlaneBase1Lsb = 640, PlaneBase1Width = 20;
localparam PlaneStride1Lsb = 672, PlaneStride1Width = 20;
localparam ResBaseLsb = 704, ResBaseWidth = 20;
localparam ResStrideLsb = 736, ResStrideWidth = 20;
localparam PlaneHeightLsb = 768, PlaneHeightWidth = 16;
localparam PlaneWidthLsb = 784, PlaneWidthWidth = 16;
localparam PlaneStrideXyLsb = 800, PlaneStrideXyWidth = 2;
localparam PlaneReachLsb = 802, PlaneReachWidth = 2;
localparam PlanePadTopLsb = 804, PlanePadTopWidth = 2;
localparam PlanePadLeftLsb = 806, PlanePadLeftWidth = 2;
localparam TapMaskLsb = 808, TapMaskWidth = 9;
localparam FunctionLsb = 832, FunctionWidth = 4;
localparam PlaneFunction0Lsb = 836, PlaneFunction0Width = 4;
localparam PlaneFunction1Lsb = 840, PlaneFunction1Width = 4;
localparam StemPadLsb = 864, StemPadWidth = 32;
localparam DmaWordsLsb = 896, DmaWordsWidth = 24;
localparam DmaOffsetLsb = 928, DmaOffsetWidth = 32;
localparam DmaBaseLsb = 960, DmaBaseWidth = 20;
localparam DmaBufferLsb = 980, DmaBufferWidth = 2;
localparam RowWordsLsb = 992, RowWordsWidth = 20;
localparam ReadStreamLsb = 1536, ReadStreamWidth = 128;
localparam ReadResidualLsb = 1664, ReadResidualWidth = 128;
localparam ReadDmaLsb = 1792, ReadDmaWidth = 128;
localparam WriteConvLsb = 1920, WriteConvWidth = 128;
localparam WritePlaneLsb = 2048, WritePlaneWidth = 128;
localparam WriteDmaLsb = 2176, WriteDmaWidth = 128;
localparam DmaPlanesLsb = 2304, DmaPlanesWidth = 12;
localparam DmaStrideLsb = 2316, DmaStrideWidth = 20;
localparam DmaPitchLsb = 2336, DmaPitchWidth = 24;
localparam OutStepLsb = 2368, OutStepWidth = 5;
localparam OutSkipLsb = 2373, OutSkipWidth = 20;
localparam OutParityLsb = 2393, OutParityWidth = 1;
localparam ChecksumLsb = 2528, ChecksumWidth = 32;
localparam Segments = 8, SegmentLsb = 1024, SegmentWidth = 64;
localparam SegBaseLsb = 0, SegBaseWidth = 20;
localparam SegPlanesLsb = 20, SegPlanesWidth = 12;
localparam SegStrideLsb = 32, SegStrideWidth = 20;
localparam SegUpLsb = 52, SegUpWidth = 1;
localparam SegParityLsb = 53, SegParityWidth = 1;

localparam [7:0] KindDense = 8'd0;  // a tile of the dense array, and plane filters behind it
localparam [7:0] KindPlane = 8'd1;  // the plane engine fed by fetch
localparam [7:0] KindDma = 8'd2;  // a transfer between DDR and shared memory
localparam [7:0] KindProcessor = 8'd3;  // a step of the processor
localparam [7:0] KindEnd = 8'd4;  // end of the program

localparam [1:0] ResidualNone = 2'd0;  // no residual
localparam [1:0] ResidualBefore = 2'd1;  // added before the activation
localparam [1:0] ResidualAfter = 2'd2;  // added after the activation

localparam [1:0] BufferStream = 2'd0;  // the program
localparam [1:0] BufferImage = 2'd1;  // the image, or the input tensor
localparam [1:0] BufferOutput = 2'd2;  // the outputs of the network
localparam [1:0] BufferScratch = 2'd3;  // what the processor's steps read and write
/* verilator lint_on UNUSEDPARAM */
