/* Runs an exported text classifier from C, with the TensorFlow library of the pip package.
 *
 *   TF=$(python -c "import tensorflow as tf; print(tf.sysconfig.get_lib())" 2> /dev/null)
 *   gcc classify_text.c -o classify_text -I$TF/include $TF/libtensorflow_cc.so.2 $TF/libtensorflow_framework.so.2 -Wl,-rpath,$TF
 *   ./classify_text saved_models/many_to_one/1 "the plot is dull" "the cast is superb"
 *
 * Prints the label, the class probabilities, and the text of each input. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/tf_tstring.h"

static void stop_on_error(const TF_Status* status) {
  if (TF_GetCode(status) == TF_OK) return;
  fprintf(stderr, "%s\n", TF_Message(status));
  exit(1);
}

/* A serialized protocol buffer: the bytes from `at` to `end`. */
typedef struct {
  const uint8_t *at, *end;
} Message;

static uint64_t varint(Message* message) {
  uint64_t value = 0;
  for (int shift = 0; message->at < message->end; shift += 7) {
    uint8_t byte = *message->at++;
    value |= (uint64_t)(byte & 0x7F) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

/* Advances to the next length-delimited field with this number. Returns whether there is one. */
static int next(Message* message, int number, Message* found) {
  while (message->at < message->end) {
    uint64_t key = varint(message);
    int kind = key & 7;
    if (kind == 0) {
      varint(message);
    } else if (kind == 1) {
      message->at += 8;
    } else if (kind == 5) {
      message->at += 4;
    } else {
      uint64_t size = varint(message);
      *found = (Message){message->at, message->at + size};
      message->at += size;
      if ((int)(key >> 3) == number) return 1;
    }
  }
  return 0;
}

/* Returns the value of a key in a map field with this number. */
static Message lookup(Message message, int number, const char* key) {
  Message entry, name, value;
  while (next(&message, number, &entry)) {
    Message rest = entry;
    if (next(&entry, 1, &name) && next(&rest, 2, &value) && (size_t)(name.end - name.at) == strlen(key) &&
        memcmp(name.at, key, strlen(key)) == 0)
      return value;
  }
  fprintf(stderr, "The export has no %s.\n", key);
  exit(1);
}

/* Returns the tensor of an input (side 1) or output (side 2) of a signature, from TensorInfo.name, such as "op:0". */
static TF_Output tensor_of(TF_Graph* graph, Message signature, int side, const char* key) {
  Message info = lookup(signature, side, key), name;
  char text[256] = "";
  if (next(&info, 1, &name)) snprintf(text, sizeof text, "%.*s", (int)(name.end - name.at), (const char*)name.at);
  char* colon = strrchr(text, ':');
  if (colon) *colon = 0;
  return (TF_Output){TF_GraphOperationByName(graph, text), colon ? atoi(colon + 1) : 0};
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "Usage: %s FOLDER TEXT...\n", argv[0]);
    return 2;
  }
  int64_t count = argc - 2;
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_Buffer* meta_graph = TF_NewBuffer();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, meta_graph, status);
  stop_on_error(status);

  /* MetaGraphDef.signature_def is field 5. */
  Message whole = {meta_graph->data, (const uint8_t*)meta_graph->data + meta_graph->length};
  Message signature = lookup(whole, 5, "serving_default");
  TF_Output input = tensor_of(graph, signature, 1, "text");
  TF_Output outputs[] = {tensor_of(graph, signature, 2, "label"), tensor_of(graph, signature, 2, "probabilities")};

  TF_Tensor* texts = TF_AllocateTensor(TF_STRING, &count, 1, count * sizeof(TF_TString));
  TF_TString* rows = TF_TensorData(texts);
  for (int64_t row = 0; row < count; row++) {
    TF_StringInit(&rows[row]);
    TF_StringCopy(&rows[row], argv[row + 2], strlen(argv[row + 2]));
  }
  TF_Tensor* values[2];
  TF_SessionRun(session, NULL, &input, &texts, 1, outputs, values, 2, NULL, 0, NULL, status);
  stop_on_error(status);

  const TF_TString* labels = TF_TensorData(values[0]);
  const float* probabilities = TF_TensorData(values[1]);
  int64_t classes = TF_Dim(values[1], 1);
  for (int64_t row = 0; row < count; row++) {
    printf("%.*s", (int)TF_StringGetSize(&labels[row]), TF_StringGetDataPointer(&labels[row]));
    for (int64_t n = 0; n < classes; n++) printf(" %.6f", probabilities[row * classes + n]);
    printf("  %s\n", argv[row + 2]);
    TF_StringDealloc(&rows[row]);
  }
  TF_DeleteTensor(texts);
  TF_DeleteTensor(values[0]);
  TF_DeleteTensor(values[1]);
  TF_CloseSession(session, status);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteBuffer(meta_graph);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
