// A type with a serializer of its own: an image, kept beside the pickle as a .pgm file that viewers open.
//
//     mandelbrot ──> darkness
#include <complex>
#include <fstream>
#include <functionfuse/functionfuse.hpp>
#include <iostream>

namespace ff = functionfuse;

struct Image {
  std::size_t side = 0;  // width and height
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
    if (image.grey.size() == image.side * image.side) return image;
    throw ff::CorruptError(id.second + ": not an image, or cut short");
  }
  void remove(const ff::Protocols& protocols, const ff::SerializedAs& id) { files(protocols).remove(id.second); }
  static ff::FileProtocol& files(const ff::Protocols& protocols) {
    return protocols.require<ff::FileProtocol>(ff::FILE_PROTOCOL, name);
  }
};

double scaled(std::size_t i, std::size_t side) {
  return 2.6 * static_cast<double>(i) / static_cast<double>(side) - 1.3;
}

Image mandelbrot(std::size_t side) {
  Image image{side};
  auto scaled = [side](std::size_t i) { return 2.6 * static_cast<double>(i) / static_cast<double>(side) - 1.3; };
  for (std::size_t i = 0; i < side * side; ++i) {
    int n = 0;
    for (std::complex<double> c(scaled(i % side) - 0.7, scaled(i / side)), z; n < 255 && norm(z) < 4; ++n) z = z * z + c;
    image.grey += static_cast<char>(n);
  }
  return image;
}

auto darkness(const Image& image) { return std::count(image.grey.begin(), image.grey.end(), '\1'); }

int main() {
  auto image = ff::workflow<mandelbrot>()(500).set_name("image");
  ff::LocalWorkflow workflow(ff::workflow<darkness>()(image), "mandelbrot");
  auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});
  storage->register_persistent_serializers<ImageSerializer>();
  workflow.set_storage(storage);
  std::cout << workflow.run<std::ptrdiff_t>() << " dark pixels\n";
  std::cout << "read again: " << storage->read_task<Image>("mandelbrot", "image").grey.size() << " pixels\n";
  storage->remove_task("mandelbrot", "*");  // and the image's file with it
}
