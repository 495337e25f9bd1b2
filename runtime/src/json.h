// JSON as the sections META and GRPH hold it.
#ifndef CERAS_JSON_H
#define CERAS_JSON_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace ceras::detail {

struct Json {
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  Kind kind = Kind::null;
  bool flag = false;      // the boolean; of a number, whether it is a whole one in 64 bits
  std::int64_t whole = 0;
  double number = 0;
  std::string text;
  std::vector<Json> items;        // of an array or, beside `keys`, of an object
  std::vector<std::string> keys;  // unique

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_whole() const { return kind == Kind::number && flag; }
  static const Json& nothing();  // null
  // The member of an object; a null pointer where there is none.
  const Json* get(const char* key) const;
};

// Whether the text is one JSON value and nothing else; where not, `problem` says so.
bool parse_json(const char* text, std::size_t size, Json& value, std::string& problem);

}  // namespace ceras::detail

#endif
