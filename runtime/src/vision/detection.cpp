// A detector's outputs to boxes in the original image: decoding, and suppression class by class.
#include <algorithm>
#include <cmath>

#include "../order.h"
#include "spec.h"

namespace ceras::detail {

namespace {

// A two-dimensional output, one row per box whatever the layout in memory.
struct Rows {
  const float* values = nullptr;
  std::size_t rows = 0, row_pitch = 0, column_pitch = 0;

  float at(std::size_t row, std::size_t column) const { return values[row * row_pitch + column * column_pitch]; }
};

bool rows_of(const Output& output, Layout layout, std::size_t columns, Rows& rows, Error& error) {
  const std::vector<std::size_t>& shape = *output.shape;
  const bool first = layout == Layout::boxes_first;
  std::size_t batch = 1;
  for (std::size_t axis = 0; axis + 2 < shape.size(); ++axis) batch *= shape[axis];
  const std::size_t count = shape.size() < 2 ? 0 : shape[shape.size() - (first ? 2 : 1)];
  const std::size_t found = shape.size() < 2 ? 0 : shape[shape.size() - (first ? 1 : 2)];
  if (found != columns || batch != 1) {
    const std::string own = std::to_string(columns);
    return fail(error, format::kTaskOutput,
                "output \"" + *output.name + "\" is not 1 x " + (first ? "boxes x " + own : own + " x boxes"));
  }
  rows = {output.elements, count, first ? columns : 1, first ? 1 : count};
  return true;
}

struct Boxes {
  Rows boxes, scores;
  std::size_t first = 0;  // column of `scores` where the scores begin
};

bool find_boxes(const Task::Spec& spec, const std::vector<Output>& outputs, Boxes& found, Error& error) {
  const Output *boxes = nullptr, *scores = nullptr;
  const std::size_t columns = spec.score_columns();
  if (!find_output(outputs, spec.has_output ? &spec.output : nullptr, boxes, error)) return false;
  if (!spec.has_scores_output) {
    found.first = 4;
    if (!rows_of(*boxes, spec.layout, 4 + columns, found.boxes, error)) return false;
    found.scores = found.boxes;
    return true;
  }
  const bool good = rows_of(*boxes, spec.layout, 4, found.boxes, error) && find_output(outputs, &spec.scores_output, scores, error) &&
                    rows_of(*scores, spec.layout, columns, found.scores, error);
  if (!good || found.boxes.rows == found.scores.rows) return good;
  return fail(error, format::kTaskOutput,
              "\"" + spec.output + "\" has " + std::to_string(found.boxes.rows) + " boxes, \"" + spec.scores_output +
                  "\" scores for " + std::to_string(found.scores.rows));
}

// A cell of a detection grid.
struct Cell {
  float column, row, stride;
};

bool grid(const Task::Spec& spec, std::size_t boxes, std::vector<Cell>& cells, Error& error) {
  if (spec.boxes != Coordinates::grid_center_exp) return true;
  std::size_t count = 0;
  for (std::size_t stride : spec.strides) count += (spec.width / stride) * (spec.height / stride);
  if (count != boxes) {
    return fail(error, format::kTaskOutput,
                "the output has " + std::to_string(boxes) + " boxes, the strides give " + std::to_string(count));
  }
  cells.reserve(count);
  for (std::size_t stride : spec.strides) {
    for (std::size_t row = 0; row < spec.height / stride; ++row) {
      for (std::size_t column = 0; column < spec.width / stride; ++column) {
        cells.push_back({static_cast<float>(column), static_cast<float>(row), static_cast<float>(stride)});
      }
    }
  }
  return true;
}

// The best class of a box and its score times objectness; the lower class of equals.
ClassScore best_class(const Task::Spec& spec, const Boxes& found, std::size_t row, std::vector<float>& scores) {
  std::size_t column = found.first;
  float objectness = 1;
  if (spec.objectness) {
    objectness = found.scores.at(row, column++);
    if (spec.activation != Scores::none) objectness = sigmoid(objectness);
  }
  scores.clear();
  for (; column < found.first + spec.score_columns(); ++column) scores.push_back(found.scores.at(row, column));
  activate(spec.activation, scores);
  if (spec.has_background) scores.erase(scores.begin() + static_cast<std::ptrdiff_t>(spec.background));
  const auto best = std::max_element(scores.begin(), scores.end());
  return {static_cast<std::size_t>(best - scores.begin()), *best * objectness};
}

Box decode(const Task::Spec& spec, const Rows& boxes, std::size_t row, const Cell* cell, const Geometry& geometry) {
  float raw[4];
  for (std::size_t at = 0; at < 4; ++at) raw[at] = boxes.at(row, at);
  if (cell != nullptr) {
    raw[0] = (raw[0] + cell->column) * cell->stride;
    raw[1] = (raw[1] + cell->row) * cell->stride;
    raw[2] = std::exp(raw[2]) * cell->stride;
    raw[3] = std::exp(raw[3]) * cell->stride;
  }
  float corners[4] = {raw[0], raw[1], raw[2], raw[3]};
  if (spec.boxes != Coordinates::corners) {
    for (int axis = 0; axis < 2; ++axis) {
      const float half = raw[2 + axis] / 2.0f;
      corners[axis] = raw[axis] - half;
      corners[2 + axis] = raw[axis] + half;
    }
  }
  for (int at = 0; at < 4; ++at) {
    const int axis = at % 2;
    const float side = spec.unit == Unit::normalized ? static_cast<float>(geometry.input[axis]) : 1.0f;
    corners[at] = (corners[at] * side - geometry.offset[axis]) / geometry.scale[axis];
  }
  return {corners[0], corners[1], corners[2], corners[3]};
}

bool is_finite(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2);
}

float area(const Box& box) { return std::max(box.x2 - box.x1, 0.0f) * std::max(box.y2 - box.y1, 0.0f); }

// Intersection over union.
float overlap(const Box& a, const Box& b) {
  const float width = std::max(std::min(a.x2, b.x2) - std::max(a.x1, b.x1), 0.0f);
  const float height = std::max(std::min(a.y2, b.y2) - std::max(a.y1, b.y1), 0.0f);
  const float both = width * height, either = area(a) + area(b) - both;
  return either > 0.0f ? both / either : 0.0f;
}

// Greedy suppression: a detection stays unless a better one of its class that stayed overlaps it by more than the
// threshold. An overlap that is no number, of boxes beyond all measure, suppresses.
void suppress(std::vector<Detection>& detections, float threshold) {
  std::vector<std::size_t> order = numbers_to(detections.size());
  sort_numbers(order, [&](std::size_t a, std::size_t b) { return scores_more(detections[a].score, detections[b].score); });
  std::vector<Detection> kept;
  for (std::size_t at : order) {
    const Detection& own = detections[at];
    const bool stays = std::all_of(kept.begin(), kept.end(), [&](const Detection& better) {
      return better.label != own.label || overlap(better.box, own.box) <= threshold;
    });
    if (stays) kept.push_back(own);
  }
  detections = std::move(kept);
}

}  // namespace

Error detect(const Task::Spec& spec, const std::vector<Output>& outputs, const Geometry& geometry, const Limits& limits,
             std::vector<Detection>& detections) {
  Error error;
  Boxes found;
  std::vector<Cell> cells;
  detections.clear();
  if (!find_boxes(spec, outputs, found, error) || !grid(spec, found.boxes.rows, cells, error)) return error;
  std::vector<float> scores;
  for (std::size_t row = 0; row < found.boxes.rows; ++row) {
    const ClassScore best = best_class(spec, found, row, scores);
    if (!(best.score >= limits.score_threshold)) continue;
    const Box box = decode(spec, found.boxes, row, cells.empty() ? nullptr : &cells[row], geometry);
    if (is_finite(box)) detections.push_back({best.label, best.score, box});
  }
  suppress(detections, limits.nms_threshold);
  if (detections.size() > limits.max_detections) detections.resize(limits.max_detections);
  return error;
}

}  // namespace ceras::detail
