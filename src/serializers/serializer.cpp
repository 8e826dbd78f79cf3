#include "functionfuse/serializers/serializer.hpp"

namespace functionfuse {

AnySerializer::~AnySerializer() = default;

void Protocols::fail_missing(std::string_view key, std::string_view serializer) const {
  std::string text = "the serializer \"" + std::string(serializer) + "\" needs the protocol " +
                     std::string(key) + ", which this storage does not offer (it offers ";
  if (protocols_.empty()) text += "none";
  for (std::string_view separator; const auto& [name, protocol] : protocols_) {
    text += separator;
    text += name;
    separator = ", ";
  }
  throw UnsupportedError(text + "): use another storage, or another serializer for that type");
}

AnySerializer* SerializerPool::find(const std::type_info& type) const noexcept {
  for (const auto& serializer : serializers_) {
    if (serializer->type() == type) return serializer.get();
  }
  return nullptr;
}

AnySerializer* SerializerPool::find(std::string_view name) const noexcept {
  for (const auto& serializer : serializers_) {
    if (serializer->name() == name) return serializer.get();
  }
  return nullptr;
}

std::vector<std::string> SerializerPool::names() const {
  std::vector<std::string> names;
  for (const auto& serializer : serializers_) names.emplace_back(serializer->name());
  return names;
}

void SerializerPool::add(std::unique_ptr<AnySerializer> serializer) {
  const std::string name(serializer->name());
  if (find(serializer->name()) != nullptr) {
    throw Error(Errc::invalid_argument,
                "a serializer of the name \"" + name +
                    "\" is registered with this storage already: register each once, and give "
                    "serializers of different types different names");
  }
  if (const AnySerializer* other = find(serializer->type())) {
    throw Error(Errc::invalid_argument, "the serializer \"" + name + "\" is for a type that \"" +
                                            std::string(other->name()) +
                                            "\", registered with this storage already, keeps: "
                                            "register only one of them");
  }
  serializers_.push_back(std::move(serializer));
}

}  // namespace functionfuse
