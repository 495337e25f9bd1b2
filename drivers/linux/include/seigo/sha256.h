// SHA-256 (FIPS 180-4).
#ifndef SEIGO_SHA256_H
#define SEIGO_SHA256_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace seigo {

// The digest in 64 hexadecimal digits.
std::string sha256(const uint8_t* bytes, size_t count);

}  // namespace seigo

#endif
