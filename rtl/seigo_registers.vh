// Offsets of the control registers, and the fields that are no whole register; docs/registers.md says
// what they mean.
// Generated from src/compile/border by `make generate`.
// Included inside of modules, none of which uses all of it.

/* verilator lint_off UNUSEDPARAM */
localparam [11:0] RegControl = 12'h000;
localparam [11:0] RegGlobalInterrupt = 12'h004;
localparam [11:0] RegInterruptEnable = 12'h008;
localparam [11:0] RegInterruptStatus = 12'h00C;
localparam [11:0] RegStreamBaseLow = 12'h010;
localparam [11:0] RegStreamBaseHigh = 12'h014;
localparam [11:0] RegImageBaseLow = 12'h018;
localparam [11:0] RegImageBaseHigh = 12'h01C;
localparam [11:0] RegOutputBaseLow = 12'h020;
localparam [11:0] RegOutputBaseHigh = 12'h024;
localparam [11:0] RegScratchBaseLow = 12'h028;
localparam [11:0] RegScratchBaseHigh = 12'h02C;
localparam [11:0] RegStreamWords = 12'h030;
localparam [11:0] RegResume = 12'h034;
localparam [11:0] RegReset = 12'h038;
localparam [11:0] RegStatus = 12'h040;
localparam [11:0] RegPass = 12'h044;
localparam [11:0] RegError = 12'h048;
localparam [11:0] RegCount = 12'h04C;
localparam [11:0] RegVersion = 12'h050;
localparam [11:0] RegHashLow = 12'h054;
localparam [11:0] RegHashHigh = 12'h058;
localparam [11:0] RegCycles = 12'h060;
localparam [11:0] RegStallStream = 12'h064;
localparam [11:0] RegStallLanes = 12'h068;
localparam [11:0] RegStallPort = 12'h06C;
localparam [11:0] RegStallImage = 12'h070;
localparam [11:0] RegStallPlane = 12'h074;
localparam [11:0] RegStallBank = 12'h078;

localparam ControlStartLsb = 0, ControlStartWidth = 1;
localparam ControlDoneLsb = 1, ControlDoneWidth = 1;
localparam ControlIdleLsb = 2, ControlIdleWidth = 1;
localparam ControlReadyLsb = 3, ControlReadyWidth = 1;
localparam ControlInterruptLsb = 9, ControlInterruptWidth = 1;

localparam GlobalInterruptEnableLsb = 0, GlobalInterruptEnableWidth = 1;

localparam InterruptEnableDoneLsb = 0, InterruptEnableDoneWidth = 1;
localparam InterruptEnableReadyLsb = 1, InterruptEnableReadyWidth = 1;
localparam InterruptEnableProcessorLsb = 2, InterruptEnableProcessorWidth = 1;
localparam InterruptEnableErrorLsb = 3, InterruptEnableErrorWidth = 1;

localparam InterruptStatusDoneLsb = 0, InterruptStatusDoneWidth = 1;
localparam InterruptStatusReadyLsb = 1, InterruptStatusReadyWidth = 1;
localparam InterruptStatusProcessorLsb = 2, InterruptStatusProcessorWidth = 1;
localparam InterruptStatusErrorLsb = 3, InterruptStatusErrorWidth = 1;

localparam ResumeGoLsb = 0, ResumeGoWidth = 1;

localparam ResetNowLsb = 0, ResetNowWidth = 1;

localparam StatusRunningLsb = 0, StatusRunningWidth = 1;
localparam StatusProcessorLsb = 1, StatusProcessorWidth = 1;
localparam StatusErrorLsb = 2, StatusErrorWidth = 1;
localparam StatusClearingLsb = 3, StatusClearingWidth = 1;
localparam StatusErrorCodeLsb = 8, StatusErrorCodeWidth = 8;

localparam PassRunningLsb = 0, PassRunningWidth = 16;
localparam PassErrorLsb = 16, PassErrorWidth = 16;

localparam ErrorClientLsb = 0, ErrorClientWidth = 8;
localparam ErrorBlockLsb = 16, ErrorBlockWidth = 16;

localparam CountPassLsb = 0, CountPassWidth = 16;
localparam CountOnlyLsb = 16, CountOnlyWidth = 1;

localparam [31:0] RegisterMapVersion = 32'd1;
/* verilator lint_on UNUSEDPARAM */
