#include "functionfuse/serializers/protocols.hpp"

#include "io/uuid.hpp"

namespace functionfuse {

Protocol::~Protocol() = default;

FileProtocol::Unfinished FileProtocol::open_unfinished(std::string_view) {
  std::string filename = new_filename();
  std::filesystem::path path = open(filename, Mode::write);
  return {std::move(filename), std::move(path)};
}

std::string new_filename() { return io::uuid4(); }

}  // namespace functionfuse
