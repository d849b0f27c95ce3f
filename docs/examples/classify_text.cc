// Runs an exported text classifier from C++, with the TensorFlow library and headers of the pip package.
//
//   TF=$(python -c "import tensorflow as tf; print(tf.sysconfig.get_lib())" 2> /dev/null)
//   g++ -std=c++17 -w classify_text.cc -o classify_text -I$TF/include -Wl,--no-as-needed \
//     $TF/libtensorflow_cc.so.2 $TF/libtensorflow_framework.so.2 -Wl,-rpath,$TF
//   ./classify_text saved_models/many_to_one/1 "the plot is dull" "the cast is superb"
//
// Prints the label of each text. --no-as-needed keeps the library whose kernels register themselves.

#include <iostream>
#include <vector>

#include "tensorflow/cc/saved_model/loader.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: classify_text FOLDER TEXT...\n";
    return 2;
  }
  tensorflow::SavedModelBundle model;
  tensorflow::Status status = tensorflow::LoadSavedModel({}, {}, argv[1], {"serve"}, &model);
  std::vector<tensorflow::Tensor> outputs;
  if (status.ok()) {
    const auto& signature = model.GetSignatures().at("serving_default");
    tensorflow::Tensor texts(tensorflow::DT_STRING, {argc - 2});
    for (int text = 0; text < argc - 2; ++text) texts.flat<tensorflow::tstring>()(text) = argv[text + 2];
    status = model.GetSession()->Run({{signature.inputs().at("text").name(), texts}},
                                     {signature.outputs().at("label").name()}, {}, &outputs);
  }
  if (!status.ok()) {
    std::cerr << status.message() << "\n";
    return 1;
  }
  for (int text = 0; text < argc - 2; ++text) std::cout << outputs[0].flat<tensorflow::tstring>()(text) << "\n";
}
