#include "storage/load_object.hpp"

#include "storage/bigdata.hpp"
#include "storage/s3_bigdata.hpp"

namespace functionfuse::detail {

std::shared_ptr<void> load_object(const PersistentOrigin& origin, AnySerializer& serializer,
                                  const PersistentId& id) {
  Protocols protocols;
  if (const auto* file = dynamic_cast<const FileOrigin*>(&origin)) {
    Bigdata bigdata(file->where());
    protocols.add(FILE_PROTOCOL, bigdata);
    return serializer.unpickle(protocols, {id.version, id.filename});
  }
  if (const auto* s3 = dynamic_cast<const S3Origin*>(&origin)) {
    S3Bigdata bigdata(s3->place(), s3->workflow());
    protocols.add(S3_PROTOCOL, bigdata);
    return serializer.unpickle(protocols, {id.version, id.filename});
  }
  return nullptr;
}

}  // namespace functionfuse::detail
