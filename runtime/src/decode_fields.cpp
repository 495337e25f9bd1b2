// Fields of JSON objects, checked.
#include "decode.h"

namespace ceras::detail::fields {

bool known(const Json& form, std::initializer_list<const char*> names) {
  for (const std::string& key : form.keys) {
    bool found = false;
    for (const char* name : names) found = found || key == name;
    if (!found) return false;
  }
  return form.is(Json::Kind::object);
}

const Json* text(const Json& form, const char* key) {
  const Json* member = form.get(key);
  return member != nullptr && member->is(Json::Kind::string) ? member : nullptr;
}

// Whole and not negative.
bool size(const Json* form, std::size_t& number) {
  if (form == nullptr || !form->is_whole() || form->whole < 0) return false;
  number = static_cast<std::size_t>(form->whole);
  return true;
}

bool sizes(const Json* form, Shape& numbers) {
  if (form == nullptr || !form->is(Json::Kind::array)) return false;
  numbers.resize(form->items.size());
  for (std::size_t at = 0; at < numbers.size(); ++at) {
    if (!size(&form->items[at], numbers[at])) return false;
  }
  return true;
}

bool pair(const Json* form, std::size_t& first, std::size_t& count) {
  Shape both;
  if (!sizes(form, both) || both.size() != 2) return false;
  first = both[0], count = both[1];
  return true;
}

bool elements(const Shape& shape, std::size_t& count) {
  count = 1;
  bool empty = false;
  for (std::size_t extent : shape) empty = empty || extent == 0;
  for (std::size_t extent : shape) {
    if (extent > format::kMaxElements || (!empty && extent > format::kMaxElements / count)) return false;
    count *= empty ? 1 : extent;
  }
  count = empty ? 0 : count;
  return true;
}

bool small(const Json* form, std::int64_t low, std::int64_t high, int& number) {
  if (form == nullptr || !form->is_whole() || form->whole < low || form->whole > high) return false;
  number = static_cast<int>(form->whole);
  return true;
}

bool boolean(const Json* form, bool& flag) {
  if (form == nullptr || !form->is(Json::Kind::boolean)) return false;
  flag = form->flag;
  return true;
}

}  // namespace ceras::detail::fields
