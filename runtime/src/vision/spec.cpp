// A task file: its fields, the values that they may have, and which of them go together (docs/task.md).
#include "spec.h"

#include <cmath>
#include <cstring>
#include <iterator>
#include <utility>

#include "defaults.h"

namespace ceras::detail {

namespace {

// A list of words that the compiler knows.
struct Words {
  template <std::size_t Count>
  constexpr Words(const char* const (&words)[Count]) : first(words), count(Count) {}
  const char* const* first;
  std::size_t count;
  const char* const* begin() const { return first; }
  const char* const* end() const { return first + count; }
};

class SpecReader {
 public:
  SpecReader(Task::Spec& spec, Error& error) : spec_(spec), error_(error) {}

  bool read(const Json& form) {
    static constexpr const char* kFields[] = {"format", "version", "input", "classes", "category_ids", "detection", "classification"};
    if (!known(form, kFields)) return false;
    const Json *format = form.get("format"), *version = form.get("version"), *input = form.get("input");
    if (given(format) && format->text != task::kFormat) return wrong("format", "is not seigo-task");
    if (version == nullptr || !version->is_whole() || version->whole != task::kVersion) return wrong("version", "is not 1");
    if (!given(input)) return wrong("input", "is missing");
    const Json *detection = form.get("detection"), *classification = form.get("classification");
    if (!inputs(*input) || !classes(form.get("classes"), form.get("category_ids"))) return false;
    if (given(detection) && given(classification)) return wrong("classification", "stands beside `detection`; only one can be");
    if (given(detection)) return detector(*detection);
    if (given(classification)) return classifier(*classification);
    return wrong("detection", "it or `classification` must be given");
  }

 private:
  static bool given(const Json* form) { return form != nullptr && !form->is(Json::Kind::null); }

  bool wrong(std::string_view field, std::string_view what) {
    error_.code = format::kTaskSpec;
    error_.message.assign("`").append(place_).append(place_.empty() ? "" : ".").append(field).append("` ").append(what);
    return false;
  }

  bool known(const Json& form, Words names) {
    if (!form.is(Json::Kind::object)) return fail(error_, format::kTaskSpec, "`" + place_ + "` is no object");
    for (const std::string& key : form.keys) {
      bool found = false;
      for (const char* name : names) found = found || key == name;
      if (!found) return wrong(key, "is an unknown field");
    }
    return true;
  }

  // Each takes a field where it is given, and says what is wrong with it.
  bool real(const Json& form, const char* field, double& number) {
    const Json* own = form.get(field);
    if (own == nullptr) return true;
    number = own->number;
    return own->is(Json::Kind::number) || wrong(field, "is no number");
  }

  bool reals(const Json& form, const char* field, bool zero, std::vector<double>& numbers) {
    const Json* own = form.get(field);
    if (own == nullptr) return true;
    if (!own->is(Json::Kind::array)) return wrong(field, "is no list");
    for (const Json& item : own->items) {
      if (!item.is(Json::Kind::number) || !std::isfinite(item.number)) return wrong(field, "must be finite numbers");
      if (!zero && item.number == 0) return wrong(field, "must be finite and not zero");
      numbers.push_back(item.number);
    }
    const bool fits = numbers.empty() || numbers.size() == spec_.channels();
    return fits || wrong(field, "has " + std::to_string(numbers.size()) + " numbers for " + std::to_string(spec_.channels()) + " channels");
  }

  bool is_size(const Json& form, const char* field, std::size_t least, std::size_t most, std::size_t& number) {
    const bool good = form.is_whole() && form.whole >= 0 && static_cast<std::uint64_t>(form.whole) >= least &&
                      static_cast<std::uint64_t>(form.whole) <= most;
    if (!good) return wrong(field, "is no whole number from " + std::to_string(least) + " to " + std::to_string(most));
    number = static_cast<std::size_t>(form.whole);
    return true;
  }

  bool size(const Json& form, const char* field, std::size_t least, std::size_t most, std::size_t& number) {
    const Json* own = form.get(field);
    return own == nullptr || is_size(*own, field, least, most, number);
  }

  // One that may be null, too.
  bool optional_size(const Json& form, const char* field, std::size_t least, std::size_t most, std::size_t& number) {
    return !given(form.get(field)) || size(form, field, least, most, number);
  }

  bool flag(const Json& form, const char* field, bool& flag) {
    const Json* own = form.get(field);
    if (own == nullptr) return true;
    flag = own->flag;
    return own->is(Json::Kind::boolean) || wrong(field, "is neither true nor false");
  }

  bool text(const Json& form, const char* field, bool& has, std::string& text) {
    const Json* own = form.get(field);
    if (!given(own)) return true;
    has = true;
    text = own->text;
    return own->is(Json::Kind::string) || wrong(field, "is no text");
  }

  // One of some words, in the order of the enumeration.
  template <typename Word>
  bool word(const Json& form, const char* field, Words words, bool required, Word& value) {
    std::size_t at = static_cast<std::size_t>(value);
    if (!word_at(form, field, words, required, at)) return false;
    value = static_cast<Word>(at);
    return true;
  }

  bool word_at(const Json& form, const char* field, Words words, bool required, std::size_t& place) {
    const Json* own = form.get(field);
    if (own == nullptr) return !required || wrong(field, "is missing");
    for (std::size_t at = 0; at < words.count; ++at) {
      if (!own->is(Json::Kind::string) || own->text != words.first[at]) continue;
      place = at;
      return true;
    }
    return wrong(field, "is unknown");
  }

  bool inputs(const Json& form) {
    static constexpr const char* kFields[] = {"width", "height", "resize", "short_side", "pad", "color", "scale", "mean", "std"};
    static constexpr const char* kResizes[] = {"letterbox-top-left", "letterbox-centered", "stretch", "center-crop"};
    static constexpr const char* kColors[] = {"rgb", "bgr", "gray"};
    place_ = "input";
    std::size_t pad = task::kPad;
    const bool good = known(form, kFields) && word(form, "resize", kResizes, true, spec_.resize) &&
                      word(form, "color", kColors, true, spec_.color) && optional_size(form, "width", 1, task::kMaxInput, spec_.width) &&
                      optional_size(form, "height", 1, task::kMaxInput, spec_.height) &&
                      optional_size(form, "short_side", 1, task::kMaxInput, spec_.short_side) && size(form, "pad", 0, 255, pad) &&
                      real(form, "scale", spec_.scale) && reals(form, "mean", true, spec_.mean) && reals(form, "std", false, spec_.std);
    if (!good) return false;
    spec_.pad = static_cast<std::uint8_t>(pad);
    const bool crop = spec_.resize == Resize::center_crop;
    if (crop && spec_.short_side == 0) return wrong("short_side", "must be given for \"center-crop\"");
    if (!crop && spec_.short_side != 0) return wrong("short_side", "only goes with \"center-crop\"");
    if (!std::isfinite(spec_.scale) || spec_.scale == 0) return wrong("scale", "must be finite and not zero");
    place_.clear();
    return true;
  }

  bool classes(const Json* form, const Json* ids) {
    if (form == nullptr) return wrong("classes", "is missing");
    spec_.coco80 = form->is(Json::Kind::string) && form->text == task::kCoco80;
    if (spec_.coco80) {
      spec_.classes = std::size(task::kCoco80Names);
    } else if (form->is(Json::Kind::array)) {
      for (const Json& item : form->items) {
        if (!item.is(Json::Kind::string)) return wrong("classes", "holds something else than names");
        spec_.names.push_back(item.text);
      }
      spec_.classes = spec_.names.size();
    } else if (!is_size(*form, "classes", 1, task::kMaxClasses, spec_.classes)) {
      return false;
    }
    if (spec_.classes == 0 || spec_.classes > task::kMaxClasses) return wrong("classes", "is empty or too long");
    if (!given(ids)) return true;
    for (const Json& item : ids->items) {
      if (!item.is_whole()) return wrong("category_ids", "holds something else than whole numbers");
    }
    const bool fits = ids->is(Json::Kind::array) && ids->items.size() == spec_.classes;
    return fits || wrong("category_ids", "has not one number for each of " + std::to_string(spec_.classes) + " classes");
  }

  bool limits(const Json& form, const char* field, Limits& own) {
    const Json* limits = form.get(field);
    if (limits == nullptr) return true;
    static constexpr const char* kFields[] = {"score_threshold", "nms_threshold", "max_detections"};
    const std::string outer = std::exchange(place_, place_ + "." + field);
    if (!known(*limits, kFields)) return false;
    for (const char* name : kFields) {
      if (limits->get(name) == nullptr) return wrong(name, "is missing");
    }
    double score = 0, nms = 0;
    const bool good = real(*limits, "score_threshold", score) && real(*limits, "nms_threshold", nms) &&
                      size(*limits, "max_detections", 1, SIZE_MAX, own.max_detections);
    if (!good) return false;
    own.score_threshold = static_cast<float>(score), own.nms_threshold = static_cast<float>(nms);
    if (!(own.score_threshold >= 0 && own.score_threshold <= 1)) return wrong("score_threshold", "is not from 0 to 1");
    if (!(own.nms_threshold >= 0 && own.nms_threshold <= 1)) return wrong("nms_threshold", "is not from 0 to 1");
    place_ = outer;
    return true;
  }

  bool scores(const Json& form) {
    static constexpr const char* kActivations[] = {"none", "sigmoid", "softmax"};
    return word(form, "activation", kActivations, false, spec_.activation) && text(form, "output", spec_.has_output, spec_.output);
  }

  bool detector(const Json& form) {
    static constexpr const char* kFields[] = {"output", "scores_output", "layout", "boxes", "unit", "strides",
                                              "objectness", "activation", "background", "show", "evaluation"};
    static constexpr const char* kLayouts[] = {"boxes-first", "boxes-last"};
    static constexpr const char* kBoxes[] = {"grid-center-exp", "center-size", "corners"};
    static constexpr const char* kUnits[] = {"pixels", "normalized"};
    place_ = "detection";
    spec_.detector = true;
    spec_.show = task::kShow, spec_.evaluation = task::kEvaluation;
    const bool good = known(form, kFields) && scores(form) && text(form, "scores_output", spec_.has_scores_output, spec_.scores_output) &&
                      word(form, "layout", kLayouts, false, spec_.layout) && word(form, "boxes", kBoxes, true, spec_.boxes) &&
                      word(form, "unit", kUnits, false, spec_.unit) && flag(form, "objectness", spec_.objectness) && strides(form) &&
                      limits(form, "show", spec_.show) && limits(form, "evaluation", spec_.evaluation);
    if (!good) return false;
    const bool grid = spec_.boxes == Coordinates::grid_center_exp;
    if (grid && spec_.strides.empty()) return wrong("strides", "must be given for \"grid-center-exp\"");
    if (!grid && !spec_.strides.empty()) return wrong("strides", "only goes with \"grid-center-exp\"");
    if (grid && spec_.unit == Unit::normalized) return wrong("unit", "\"grid-center-exp\" decodes to pixels");
    if (spec_.has_scores_output && !spec_.has_output) return wrong("output", "must be given beside `scores_output`");
    if (spec_.has_scores_output && spec_.scores_output == spec_.output) return wrong("scores_output", "is the output of the boxes");
    spec_.has_background = given(form.get("background"));
    return optional_size(form, "background", 0, spec_.classes, spec_.background);
  }

  bool strides(const Json& form) {
    const Json* own = form.get("strides");
    if (own == nullptr) return true;
    if (!own->is(Json::Kind::array)) return wrong("strides", "is no list");
    for (const Json& item : own->items) {
      spec_.strides.push_back(0);
      if (!is_size(item, "strides", 1, task::kMaxInput, spec_.strides.back())) return false;
    }
    return true;
  }

  bool classifier(const Json& form) {
    static constexpr const char* kFields[] = {"output", "activation", "top"};
    place_ = "classification";
    spec_.top = task::kTop;
    return known(form, kFields) && scores(form) && size(form, "top", 1, SIZE_MAX, spec_.top);
  }

  Task::Spec& spec_;
  Error& error_;
  std::string place_;  // field that holds those that are read
};

}  // namespace

bool read_task(const Json& form, Task::Spec& spec, Error& error) { return SpecReader(spec, error).read(form); }

}  // namespace ceras::detail
