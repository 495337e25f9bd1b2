/* The library for C and for languages that call C: ceras.hpp and vision.hpp in short. What a function gives belongs to the
 * library and lives until what it came from is freed. */
#ifndef CERAS_H
#define CERAS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong: the number of a code of docs/errors.md (601 is SG0601), 0 for nothing, and words, cut to their place. */
typedef struct {
  int code;
  char message[256];
} ceras_error;

typedef struct ceras_model ceras_model;
typedef struct ceras_context ceras_context;
typedef struct ceras_predictor ceras_predictor;
typedef struct ceras_image ceras_image;

/* A model from bytes, which are not needed afterwards, or from a file. Null, and `error`, where it is none. Every `error` may
 * be null. Models may be shared by threads; nothing else may. */
ceras_model* ceras_open(const void* bytes, size_t size, ceras_error* error);
ceras_model* ceras_open_file(const char* path, ceras_error* error);
void ceras_close(ceras_model* model);

size_t ceras_inputs(const ceras_model* model);
size_t ceras_outputs(const ceras_model* model);
/* Extents, outermost first, and their number; name of an output. Null for an index that there is not. */
const size_t* ceras_input_shape(const ceras_model* model, size_t index, size_t* rank);
const size_t* ceras_output_shape(const ceras_model* model, size_t index, size_t* rank);
const char* ceras_output_name(const ceras_model* model, size_t index);

/* The memory of a frame; the model has to outlive it. Elements are floats, row-major. Functions give 0, or the code of
 * `error`. */
ceras_context* ceras_context_new(const ceras_model* model);
void ceras_context_free(ceras_context* context);
int ceras_set_input(ceras_context* context, size_t index, const float* elements, ceras_error* error);
int ceras_run(ceras_context* context, ceras_error* error);
int ceras_read_output(const ceras_context* context, size_t index, float* elements, ceras_error* error);

/* Layers that the file holds in integers and in float: their number, and the name of one; null for an index that there is not. */
size_t ceras_choices(const ceras_model* model);
const char* ceras_choice_name(const ceras_model* model, size_t index);
/* Which form runs from the next frame on: in float where `floats` is not 0. `choice` is CERAS_ALL for all of them. */
#define CERAS_ALL ((size_t)-1)
int ceras_choose(ceras_context* context, size_t choice, int floats, ceras_error* error);
/* Float where the frame still ends in time, by what ceras_measure found on inputs as ceras_set_input takes them; 0 ends it. */
int ceras_measure(ceras_context* context, const float* const* inputs, int frames, ceras_error* error);
int ceras_limit_time(ceras_context* context, double seconds, ceras_error* error);

/* A binary PPM or PGM file. */
ceras_image* ceras_image_read(const char* path, ceras_error* error);
void ceras_image_free(ceras_image* image);
size_t ceras_image_width(const ceras_image* image);
size_t ceras_image_height(const ceras_image* image);
const uint8_t* ceras_image_pixels(const ceras_image* image);

/* A box in pixels of the image, or a class of a classifier, whose edges are 0. */
typedef struct {
  size_t label;
  float score, x1, y1, x2, y2;
} ceras_detection;

/* A model with the task that its file holds; the model has to outlive it. */
ceras_predictor* ceras_predictor_new(const ceras_model* model, ceras_error* error);
void ceras_predictor_free(ceras_predictor* predictor);
/* Boxes or classes, best first, of rows of red, green, blue. `found` and `count` hold until the next call. */
int ceras_predict(ceras_predictor* predictor, const uint8_t* pixels, size_t width, size_t height,
                  const ceras_detection** found, size_t* count, ceras_error* error);
/* From now on, an image with a score nearer than `margin` to a decision runs again with layers in float; 0 ends it. */
int ceras_repeat_within(ceras_predictor* predictor, float margin, ceras_error* error);
/* How a class is called. */
const char* ceras_label_name(ceras_predictor* predictor, size_t label);

#ifdef __cplusplus
}
#endif

#endif
