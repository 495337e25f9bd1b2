// What a task file may leave out, limits of its numbers, the built-in list of classes. Generated from
// src/vision/task by `make generate`.
#ifndef CERAS_VISION_DEFAULTS_H
#define CERAS_VISION_DEFAULTS_H

#include "spec.h"

namespace ceras::task {

constexpr const char* kFormat = "seigo-task";
constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxInput = 16384;
constexpr std::size_t kMaxClasses = 1048576;
constexpr std::size_t kPad = 114;
constexpr std::size_t kTop = 5;
constexpr Limits kShow = {0.3f, 0.45f, 100};
constexpr Limits kEvaluation = {0.001f, 0.65f, 10000};
constexpr const char* kCoco80 = "coco80";
constexpr const char* kCoco80Names[80] = {
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck",
    "boat", "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat",
    "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe",
    "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake",
    "chair", "couch", "potted plant", "bed", "dining table", "toilet", "tv", "laptop",
    "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
};

}  // namespace ceras::task

#endif
