/* Objects in a picture, in C: detect MODEL PICTURE.ppm */
#include <stdio.h>

#include "ceras/ceras.h"

int main(int count, char** arguments) {
  ceras_error error = {0, ""};
  ceras_model* model = count == 3 ? ceras_open_file(arguments[1], &error) : NULL;
  ceras_predictor* predictor = model ? ceras_predictor_new(model, &error) : NULL;
  ceras_image* image = predictor ? ceras_image_read(arguments[2], &error) : NULL;
  const ceras_detection* found = NULL;
  size_t number = 0;
  if (image) ceras_predict(predictor, ceras_image_pixels(image), ceras_image_width(image), ceras_image_height(image), &found, &number, &error);
  for (size_t at = 0; at < number; ++at)
    printf("%s %.9g %.9g %.9g %.9g %.9g\n", ceras_label_name(predictor, found[at].label), found[at].score, found[at].x1, found[at].y1, found[at].x2, found[at].y2);
  if (error.code || !image) printf("error[SG%04d]: %s\n", error.code, error.message);
  ceras_image_free(image), ceras_predictor_free(predictor), ceras_close(model);
  return error.code || !image ? 2 : 0;
}
