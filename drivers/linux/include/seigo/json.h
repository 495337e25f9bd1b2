// A reader of JSON documents, for device.json.
#ifndef SEIGO_JSON_H
#define SEIGO_JSON_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace seigo {

// A value. Numbers are whole; device.json has no others.
class Json {
 public:
  // Reads a document; throws Error (bundle) with the place where it is wrong.
  static Json parse(const std::string& text);

  // The value as what it has to be; throws Error (bundle) when it is something else.
  int64_t number() const;
  const std::string& text() const;
  const std::vector<Json>& items() const;
  const std::map<std::string, Json>& fields() const;
  // Whether it is null.
  bool none() const { return kind_ == Kind::none; }
  // A field of an object; throws when there is none.
  const Json& operator[](const std::string& name) const;

 private:
  enum class Kind { none, other, number, text, items, fields };
  friend class JsonReader;
  [[noreturn]] void wrong(const char* expected) const;

  Kind kind_ = Kind::none;
  int64_t number_ = 0;
  std::string text_;
  std::vector<Json> items_;
  std::map<std::string, Json> fields_;
};

}  // namespace seigo

#endif
