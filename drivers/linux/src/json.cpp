#include "seigo/json.h"

#include <cctype>

#include "seigo/error.h"

namespace seigo {

namespace {
constexpr int kDepth = 64;  // nested deeper, a document is refused
}

class JsonReader {
 public:
  explicit JsonReader(const std::string& text) : text_(text) {}

  Json document() {
    Json value = read(0);
    blanks();
    if (at_ != text_.size()) wrong("the end");
    return value;
  }

 private:
  [[noreturn]] void wrong(const char* expected) const {
    throw Error(ErrorKind::bundle,
                "the JSON has no " + std::string(expected) + " at byte " + std::to_string(at_),
                "build the bundle again");
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\r' || peek() == '\t') ++at_;
  }
  bool take(char letter) {
    blanks();
    if (peek() != letter) return false;
    ++at_;
    return true;
  }
  void need(char letter) {
    const char expected[] = {'\'', letter, '\'', '\0'};
    if (!take(letter)) wrong(expected);
  }

  Json read(int depth) {
    if (depth > kDepth) wrong("value that is nested less");
    Json value;
    if (take('{')) {
      value.kind_ = Json::Kind::fields;
      if (take('}')) return value;
      do {
        blanks();
        const std::string name = text();
        need(':');
        value.fields_[name] = read(depth + 1);
      } while (take(','));
      need('}');
    } else if (take('[')) {
      value.kind_ = Json::Kind::items;
      if (take(']')) return value;
      do {
        value.items_.push_back(read(depth + 1));
      } while (take(','));
      need(']');
    } else if (peek() == '"') {
      value.kind_ = Json::Kind::text;
      value.text_ = text();
    } else {
      word(value);
    }
    return value;
  }

  // A number, or true, false, null, which no field of ours has.
  void word(Json& value) {
    const size_t start = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '-' || peek() == '+' ||
           peek() == '.') {
      ++at_;
    }
    const std::string word = text_.substr(start, at_ - start);
    if (word == "null") return;
    value.kind_ = Json::Kind::other;
    if (word == "true" || word == "false") return;
    size_t used = 0;
    try {
      value.number_ = std::stoll(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (word.empty() || used != word.size()) wrong("whole number");
    value.kind_ = Json::Kind::number;
  }

  std::string text() {
    if (peek() != '"') wrong("string");
    ++at_;
    std::string text;
    while (peek() != '"') {
      if (at_ >= text_.size()) wrong("end of the string");
      if (peek() != '\\') {
        text += text_[at_++];
        continue;
      }
      ++at_;
      escape(text);
    }
    ++at_;
    return text;
  }

  void escape(std::string& text) {
    const char letter = peek();
    ++at_;
    switch (letter) {
      case 'b': text += '\b'; break;
      case 'f': text += '\f'; break;
      case 'n': text += '\n'; break;
      case 'r': text += '\r'; break;
      case 't': text += '\t'; break;
      case 'u': unicode(text); break;
      default: text += letter;
    }
  }

  // Names of layers hold no pairs of surrogates; a lone one is written as it stands.
  void unicode(std::string& text) {
    uint32_t code = 0;
    for (int digit = 0; digit < 4; ++digit, ++at_) {
      const char letter = peek();
      if (std::isxdigit(static_cast<unsigned char>(letter)) == 0) wrong("hexadecimal digit");
      code = code * 16 + static_cast<uint32_t>(std::stoi(std::string(1, letter), nullptr, 16));
    }
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    } else {
      text += static_cast<char>(0xE0 | (code >> 12));
      text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  }

  const std::string& text_;
  size_t at_ = 0;
};

Json Json::parse(const std::string& text) { return JsonReader(text).document(); }

void Json::wrong(const char* expected) const {
  throw Error(ErrorKind::bundle, "the JSON has something else where " + std::string(expected) + " should be",
              "build the bundle again");
}

int64_t Json::number() const {
  if (kind_ != Kind::number) wrong("a number");
  return number_;
}

const std::string& Json::text() const {
  if (kind_ != Kind::text) wrong("a string");
  return text_;
}

const std::vector<Json>& Json::items() const {
  if (kind_ != Kind::items) wrong("a list");
  return items_;
}

const std::map<std::string, Json>& Json::fields() const {
  if (kind_ != Kind::fields) wrong("an object");
  return fields_;
}

const Json& Json::operator[](const std::string& name) const {
  const auto found = fields().find(name);
  if (found == fields_.end()) wrong(("the field `" + name + "`").c_str());
  return found->second;
}

}  // namespace seigo
