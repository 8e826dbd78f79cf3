// A type with a serializer of its own: an image, kept beside the pickle as a .pgm file.
//
//     disc ──> share
#include <fstream>
#include <iostream>

#include <functionfuse/functionfuse.hpp>

namespace ff = functionfuse;

struct Image {
  int side = 0;  // width and height
  std::string grey{};
};
template <>
inline constexpr bool ff::is_persistent<Image> = true;  // a promise to register its serializer

struct ImageSerializer {
  using serializer_class = Image;
  static constexpr std::string_view name = "ImageSerializer";  // stands in the pickle,
  ff::SerializedAs pickle(const ff::Protocols& protocols, const Image& image) {
    std::string filename = ff::new_filename();
    std::ofstream out(files(protocols).open(filename, ff::FileProtocol::Mode::write));
    out << "P5 " << image.side << ' ' << image.side << " 255\n" << image.grey << std::flush;
    if (!out) throw ff::Error(ff::Errc::io, "cannot write an image to " + filename);
    return {"1", filename};  // and so do the version of what was written, and where it is
  }
  Image unpickle(const ff::Protocols& protocols, const ff::SerializedAs& id) {
    std::ifstream in(files(protocols).open(id.second, ff::FileProtocol::Mode::read));
    Image image;
    std::string magic, height, most;
    (in >> magic >> image.side >> height >> most).ignore();  // the end of the line
    image.grey.assign(std::istreambuf_iterator<char>(in), {});
    if (std::ssize(image.grey) != image.side * image.side) throw ff::CorruptError("cut short");
    return image;
  }
  void remove(const ff::Protocols& p, const ff::SerializedAs& id) { files(p).remove(id.second); }
  static ff::FileProtocol& files(const ff::Protocols& protocols) {
    return protocols.require<ff::FileProtocol>(ff::FILE_PROTOCOL, name);
  }
};

Image disc(int side) {
  Image image{side};
  for (int y = -side; y < side; y += 2)
    for (int x = -side; x < side; x += 2) image.grey += x * x + y * y < side * side ? '\1' : '\xff';
  return image;
}
double share(const Image& image) {
  double dark = 0;
  for (char c : image.grey) dark += c == '\1' ? 1 : 0;
  return dark / static_cast<double>(image.grey.size());
}

int main() {
  auto image = ff::workflow<disc>()(500).set_name("image");
  auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});
  storage->register_persistent_serializers<ImageSerializer>();
  ff::LocalWorkflow workflow(ff::workflow<share>()(image), "images");
  workflow.set_storage(storage);
  std::cout << "about pi: " << 4 * workflow.run<double>() << "\n";
  storage->remove_task("images", "*");  // and the image's file with it
}
