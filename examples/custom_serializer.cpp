// A type with a serializer of its own: an image, kept beside the pickle as a .pgm file that any
// viewer opens.
//
//     mandelbrot ──> brightness

#include <complex>
#include <cstdint>
#include <fstream>
#include <functionfuse/functionfuse.hpp>
#include <iostream>
#include <numeric>

namespace ff = functionfuse;

struct Image {
  int width = 0, height = 0;
  std::vector<char> grey{};
};
template <>
inline constexpr bool ff::is_persistent<Image> = true;  // a promise to register its serializer

struct ImageSerializer {
  using serializer_class = Image;
  static constexpr std::string_view name = "ImageSerializer";  // stands in the pickle

  ff::SerializedAs pickle(const ff::Protocols& protocols, const Image& image) {
    std::string filename = ff::new_filename();
    std::ofstream out(files(protocols).open(filename, ff::FileProtocol::Mode::write));
    out << "P5 " << image.width << ' ' << image.height << " 255\n";
    out.write(image.grey.data(), std::ssize(image.grey)).flush();
    if (!out) throw ff::Error(ff::Errc::io, "cannot write an image to " + filename);
    return {"1", filename};  // so do the version of what was written, and where it is
  }
  Image unpickle(const ff::Protocols& protocols, const ff::SerializedAs& id) {
    std::ifstream in(files(protocols).open(id.second, ff::FileProtocol::Mode::read));
    Image image;
    std::string magic, most;
    in >> magic >> image.width >> image.height >> most;
    in.ignore();  // the end of the line
    image.grey.assign(std::istreambuf_iterator<char>(in), {});
    if (magic != "P5" || std::int64_t{image.width} * image.height != std::ssize(image.grey)) {
      throw ff::CorruptError(id.second + ": not an image");
    }
    return image;
  }
  void remove(const ff::Protocols& protocols, const ff::SerializedAs& id) {
    files(protocols).remove(id.second);
  }
  static ff::FileProtocol& files(const ff::Protocols& protocols) {
    return protocols.require<ff::FileProtocol>(ff::FILE_PROTOCOL, name);
  }
};

Image mandelbrot(int width, int height) {
  Image image{width, height};
  for (int i = 0; i < width * height; ++i) {
    std::complex<double> c(3.0 * (i % width) / width - 2.2, 2.4 * (i / width) / height - 1.2), z;
    int n = 0;
    while (n < 255 && std::norm(z) < 4) z = z * z + c, ++n;
    image.grey.push_back(static_cast<char>(n));
  }
  return image;
}

double brightness(const Image& image) {
  auto add = [](double sum, char c) { return sum + static_cast<unsigned char>(c); };
  return std::accumulate(image.grey.begin(), image.grey.end(), 0.0, add) / (255.0 * image.width * image.height);
}

int main() {
  auto image = ff::workflow<mandelbrot>()(600, 480).set_name("image");
  auto bright = ff::workflow<brightness>()(image);

  auto storage = ff::storage_factory({{"kind", "file"}, {"options", {{"path", "storage"}}}});
  storage->register_persistent_serializers<ImageSerializer>();
  ff::LocalWorkflow workflow({bright}, "mandelbrot");
  workflow.set_storage(storage);
  std::cout << "brightness: " << workflow.run<double>() << "\n";

  auto again = storage->read_task<Image>("mandelbrot", "image");
  std::cout << "read again: " << again.width << " x " << again.height << " pixels\n";

  storage->remove_task("mandelbrot", "*");  // and the image's file with it
}
