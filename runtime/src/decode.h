// What the files that decode GRPH and FLTS share.
#ifndef CERAS_DECODE_H
#define CERAS_DECODE_H

#include <initializer_list>

#include "container.h"
#include "graph.h"

namespace ceras::detail {

namespace fields {

// Each is false, or null, for a member that is missing or of another kind: an object with no other keys, a text, whole numbers that
// are not negative, two of them, the product of a shape, a number within limits, a flag.
bool known(const Json& form, std::initializer_list<const char*> names);
const Json* text(const Json& form, const char* key);
bool size(const Json* form, std::size_t& number);
bool sizes(const Json* form, Shape& numbers);
bool pair(const Json* form, std::size_t& first, std::size_t& count);
bool elements(const Shape& shape, std::size_t& count);
bool small(const Json* form, std::int64_t low, std::int64_t high, int& number);
bool boolean(const Json* form, bool& flag);

}  // namespace fields

// A convolution of one of `functions` functions; false, with the error set, where it is damaged or breaks a rule.
bool decode_conv(const Json& form, const Sections& sections, std::size_t functions, const std::string& place, Conv& conv, Error& error);

}  // namespace ceras::detail

#endif
