/* What a user of the installed library writes: the means of a task of two images. */
#include <modelspider/modelspider.h>
#include <stdio.h>

int main(void) {
  ms_context *context = NULL;
  ms_task *task = NULL;
  const float features[2] = {1.0f, 2.0f};
  float prototypes[2];
  float spreads[2];
  size_t class_count = 0;
  int works = ms_context_create(NULL, &context) == MS_OK &&
              ms_task_create(context, 2, 2, &task) == MS_OK &&
              ms_task_add_image(task, 1, features, 2) == MS_OK &&
              ms_task_add_image(task, 1, features, 2) == MS_OK &&
              ms_task_prototypes(task, prototypes, spreads, 2, &class_count) == MS_OK &&
              class_count == 1 && prototypes[1] == 2.0f;
  printf("modelspider %s %s\n", ms_version(), works ? "works" : ms_context_message(context));
  ms_task_destroy(task);
  ms_context_destroy(context);
  return works ? 0 : 1;
}
